package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Purge removes sign-ups that were never confirmed within ConfirmFor: deleted,
// or Erased again if the person was. It returns how many; a record that
// changes meanwhile is left alone.
func Purge(ctx context.Context, all Bulk, r Registry, now time.Time) (int, error) {
	purged := 0
	for s, err := range all.All(ctx) {
		if err != nil {
			return purged, fmt.Errorf("purge sign-ups: %w", err)
		}
		if !Stale(s, now) {
			continue
		}
		if s.Returning {
			err = r.Save(ctx, Erase(s, now), NoNotice)
		} else {
			err = r.Delete(ctx, s)
		}
		switch {
		case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
		case err != nil:
			return purged, fmt.Errorf("purge sign-up of %s: %w", s.ID, err)
		default:
			purged++
		}
	}
	return purged, nil
}
