package storetest

import "sync"

func fingerprint() []law {
	return []law{
		{"Fingerprint remembers the first one and returns it ever after", fingerprintFirst},
		{"Fingerprint gives many at once the same", fingerprintOfMany},
	}
}

func fingerprintFirst(s *scene) {
	for i, have := range []string{"first", "second", "first"} {
		store := s.Store
		if i == 1 {
			store = s.Second
		}
		stored, err := store.Fingerprint(s.ctx, have)
		s.ok(err, "Fingerprint")
		equal(s, "Fingerprint", stored, "first")
	}
}

func fingerprintOfMany(s *scene) {
	var lock sync.Mutex
	seen := make(map[string]bool)
	s.atOnce(6, func(i int, store Store) error {
		stored, err := store.Fingerprint(s.ctx, string(rune('a'+i)))
		lock.Lock()
		defer lock.Unlock()
		seen[stored] = true
		return err
	})
	equal(s, "different fingerprints remembered", len(seen), 1)
}
