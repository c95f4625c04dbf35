package redisdb_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
)

// TestSentinelsMayWantALogin opens a store that real Sentinels with a password
// watch, in each way that it can be named, and without it.
func TestSentinelsMayWantALogin(t *testing.T) {
	const word, watchers = "sesame", "linseed"
	s := redistest.StartLockedSentinels(t, word, "watcher", watchers)
	for _, tt := range []struct {
		name, parameters, apart string
		ok                      bool
	}{
		{"in the URL", "&sentinel_password=" + word, "", true},
		{"apart", "", word, true},
		{"a user's in the URL", "&sentinel_user=watcher&sentinel_password=" + watchers, "", true},
		{"a user's apart", "&sentinel_user=watcher", watchers, true},
		{"the URL's goes before", "&sentinel_password=" + word, "other", true},
		{"none", "", "", false},
		{"a wrong one", "", "other", false},
		{"another's", "&sentinel_user=watcher", word, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			db, err := redisdb.Open(t.Context(), redisdb.Options{
				URL: s.URL() + tt.parameters, SentinelPassword: tt.apart,
				Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if db != nil {
				err = errors.Join(err, db.Shutdown())
			}
			switch {
			case tt.ok && err != nil:
				t.Errorf("Open: %v", err)
			case !tt.ok && (err == nil || !strings.Contains(err.Error(), "Sentinels at") || !strings.Contains(err.Error(), "ENSHI_SENTINEL_PASSWORD")):
				t.Errorf("Open without a right login: %v, want an error that says whose and where it is named", err)
			}
			for _, secret := range []string{word, watchers} {
				if err != nil && strings.Contains(err.Error(), secret) || strings.Contains(log.String(), secret) {
					t.Errorf("the password is in the error or the log: %v\n%s", err, log.String())
				}
			}
		})
	}
}
