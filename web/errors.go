package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/subscribers"
)

var (
	errNotFound = errors.New("no such page")
	errBadPath  = errors.New("not an address of ours")
	errBadForm  = errors.New("the form cannot be read")
	errFormType = errors.New("the form is of a type that is not understood")
	errLimited  = errors.New("too many sign-ups")
	errUsed     = errors.New("the link was used, or a newer one replaces it")
	errGone     = errors.New("the topic was given up")
	errCombine  = errors.New("topics that cannot be combined")
	errNoTopic  = errors.New("no such topic")
	errOld      = errors.New("the letter is no longer kept")
	errNotReady = errors.New("the site has not been read yet")
	errAway     = errors.New("the store does not answer")
)

// methodError says that a page exists and does not do that.
type methodError struct{ allow string }

func (e methodError) Error() string { return "only " + e.allow }

// answer is how an error is shown: a status, and the key of the sentences
// (KEY_title, KEY_text).
type answer struct {
	err    error
	status int
	key    string
}

// answers is the one table from error to status. The first that fits counts.
func answers() []answer {
	return []answer{
		{errNotFound, http.StatusNotFound, "error_not_found"},
		{errBadPath, http.StatusBadRequest, "error_bad_request"},
		{errBadForm, http.StatusBadRequest, "error_bad_request"},
		{errFormType, http.StatusUnsupportedMediaType, "error_bad_request"},
		{errLimited, http.StatusTooManyRequests, "error_limited"},
		{subscribers.ErrLink, http.StatusNotFound, "error_link"},
		{subscribers.ErrExpired, http.StatusGone, "error_expired"},
		{errUsed, http.StatusGone, "error_used"},
		{subscribers.ErrNotFound, http.StatusGone, "error_used"},
		{errGone, http.StatusGone, "error_gone"},
		{errCombine, http.StatusBadRequest, "error_combine"},
		{errNoTopic, http.StatusNotFound, "error_no_topic"},
		{feeds.ErrNoDocument, http.StatusNotFound, "error_not_found"},
		{feeds.ErrBusy, http.StatusServiceUnavailable, "error_busy"},
		{errOld, http.StatusGone, "error_old_letter"},
		{delivery.ErrNotFound, http.StatusNotFound, "error_not_found"},
		{errNotReady, http.StatusServiceUnavailable, "error_busy"},
		{subscribers.ErrConflict, http.StatusServiceUnavailable, "error_busy"},
		{errAway, http.StatusServiceUnavailable, "error_busy"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "error_busy"},
		{context.Canceled, http.StatusServiceUnavailable, "error_busy"},
	}
}

func (s *Server) answerTo(err error) answer {
	var method methodError
	if errors.As(err, &method) {
		return answer{err, http.StatusMethodNotAllowed, "error_method"}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return answer{err, http.StatusRequestEntityTooLarge, "error_bad_request"}
	}
	for _, a := range s.answers {
		if errors.Is(err, a.err) {
			return a
		}
	}
	return answer{err, http.StatusInternalServerError, "error_internal"}
}
