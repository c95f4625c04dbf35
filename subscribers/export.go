package subscribers

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
)

// Export writes active and pending subscribers as a table that Import reads.
// Its column state keeps people who never confirmed from becoming active by an
// import that states consent. A spreadsheet takes no cell for a formula.
func Export(ctx context.Context, w io.Writer, seq iter.Seq2[Subscriber, error]) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180 §2
	if err := out.Write([]string{columnEmail, columnTopics, columnCadence, columnLanguage, columnState}); err != nil {
		return fmt.Errorf("export subscribers: %w", err)
	}
	for s, err := range seq {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("export subscribers: %w", err)
		}
		if s.State != Active && s.State != Pending {
			continue
		}
		err = out.Write([]string{guard(string(s.Address)), guard(formatTopics(s.Topics)), string(s.Cadence), string(s.Language), string(s.State)})
		if err != nil {
			return fmt.Errorf("export subscribers: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("export subscribers: %w", err)
	}
	return nil
}
