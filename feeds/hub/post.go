package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	userAgent     = "enshi"
	maxRedirects  = 5
	maxRetryAfter = 24 * time.Hour
	maxAnswer     = 16 << 10 // bytes read, so that the connection can be used again
	maxQuoted     = 200      // bytes of an answer that an error repeats
)

// answer is what came of one attempt; err is nil if the hub took the ping.
type answer struct {
	err        error
	final      bool          // asking again would not help
	retryAfter time.Duration // that the hub asked for
}

// newClient makes a client of our own, or fits a copy of the one given.
func newClient(given *http.Client) *http.Client {
	client := http.Client{}
	if given != nil {
		client = *given
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 1
		transport.MaxResponseHeaderBytes = 64 << 10
		client.Transport = transport
	}
	client.CheckRedirect = keepPost
	return &client
}

// keepPost follows redirects that keep the method (RFC 9110 §15.4.8 and 9).
// After the others a client would ask with GET, which pings nobody.
func keepPost(next *http.Request, via []*http.Request) error {
	switch {
	case next.Method != http.MethodPost:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// post pings a hub once.
func (p *Pinger) post(ctx context.Context, hub, topic string) answer {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	form := url.Values{"hub.mode": {"publish"}, "hub.url": {topic}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hub, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{err: err, final: true}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", userAgent)
	response, err := p.client.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	// A hub that took the ping has taken it, whatever happens to the rest.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return p.read(response, body)
}

// read says what an answer means.
func (p *Pinger) read(r *http.Response, body []byte) answer {
	switch {
	case r.StatusCode >= 200 && r.StatusCode <= 299:
		return answer{}
	case r.StatusCode >= 300 && r.StatusCode <= 399:
		return answer{err: moved(r), final: true}
	}
	a := answer{err: refused(r.Status, body), final: r.StatusCode < 500, retryAfter: p.retryAfter(r.Header.Get("Retry-After"))}
	switch r.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		a.final = false
	}
	return a
}

func moved(r *http.Response) error {
	to, err := r.Location()
	if err != nil {
		return fmt.Errorf("the hub answers %s", r.Status)
	}
	return fmt.Errorf("the hub answers %s: if it has moved to %s for good, name that one in feeds.hubs", r.Status, quoted(to.String()))
}

// refused quotes the beginning of an answer: hubs say there what they did not
// like.
func refused(status string, body []byte) error {
	said := quoted(string(body))
	if said == "" {
		return errors.New("the hub answers " + status)
	}
	return fmt.Errorf("the hub answers %s: %s", status, said)
}

// quoted is the beginning of what a hub said, in one line.
func quoted(said string) string {
	said = strings.ToValidUTF8(said[:min(len(said), maxQuoted)], "")
	return strings.Join(strings.Fields(said), " ")
}

// retryAfter reads the field (RFC 9110 §10.2.3): seconds or a date.
func (p *Pinger) retryAfter(field string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(field, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(field); err == nil {
		wait = at.Sub(p.o.Now())
	}
	return min(max(wait, 0), maxRetryAfter)
}
