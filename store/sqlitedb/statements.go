package sqlitedb

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
)

// maxStatements bounds how many statements are kept: queries that are put
// together as they are needed would never end.
const maxStatements = 200

// statements keeps the statements of a pool prepared from transaction to
// transaction: preparing was a third of a short one's processor time. A
// statement is kept from the second transaction on that needs it, because a
// transaction may have the pool's only connection.
type statements struct {
	pool *sql.DB

	mu     sync.Mutex
	kept   map[string]*sql.Stmt
	wanted map[string]bool
}

func newStatements(pool *sql.DB) *statements {
	return &statements{pool: pool, kept: make(map[string]*sql.Stmt), wanted: make(map[string]bool)}
}

// ready prepares what transactions before this one wanted.
func (s *statements) ready(ctx context.Context) error {
	s.mu.Lock()
	wanted := slices.Collect(maps.Keys(s.wanted))
	clear(s.wanted)
	s.mu.Unlock()
	for _, query := range wanted {
		prepared, err := s.pool.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		s.mu.Lock()
		if s.kept[query] == nil {
			s.kept[query], prepared = prepared, nil
		}
		s.mu.Unlock()
		if prepared == nil {
			continue
		}
		if err := prepared.Close(); err != nil { // another was faster
			return err
		}
	}
	return nil
}

// in returns a statement for a transaction.
func (s *statements) in(ctx context.Context, t *sql.Tx, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	prepared := s.kept[query]
	if prepared == nil && len(s.kept)+len(s.wanted) < maxStatements {
		s.wanted[query] = true
	}
	s.mu.Unlock()
	if prepared == nil {
		return t.PrepareContext(ctx, query)
	}
	return t.StmtContext(ctx, prepared), nil
}
