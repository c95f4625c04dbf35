// Two conveniences. Every page works without them.
'use strict';

// Copy buttons: shown only where the browser can copy.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll('[data-copy]')) {
    const field = document.getElementById(button.dataset.copy);
    const label = button.firstElementChild;
    const words = label.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        field.select();
        return;
      }
      label.textContent = button.dataset.done;
      button.setAttribute('aria-label', button.dataset.done);
      setTimeout(() => {
        label.textContent = words;
        button.removeAttribute('aria-label');
      }, 2000);
    });
  }
}

// An address is selected whole when it is touched.
for (const field of document.querySelectorAll('.copy input')) {
  field.addEventListener('focus', () => field.select());
}
