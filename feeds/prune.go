package feeds

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/enshi-daily/enshi/posts"
)

// Reading is a private feed as Demand.Private is asked for it.
type Reading struct {
	Owner  Owner
	Topics []posts.Topic
	Format Format
}

// Prune removes the private feeds that nobody can ask for any more: of people who
// went, under addresses that were given up, of topics that were chosen once.
// reads says what the owner of that ID may ask for now.
func (d *Demand) Prune(ctx context.Context, reads func(ctx context.Context, id string) ([]Reading, error)) error {
	files, err := os.ReadDir(d.publisher.file(privateDir))
	if err != nil {
		return fmt.Errorf("private feeds: %w", err)
	}
	var failed error // the first of them, as the others are hardly news
	for id, paths := range byOwner(files) {
		reading, err := reads(ctx, id)
		if err != nil {
			if failed == nil {
				failed = fmt.Errorf("private feeds of %q: %w", id, err)
			}
			continue
		}
		for _, r := range reading {
			delete(paths, union{posts.SortTopics(r.Topics), r.Format, r.Owner}.path())
		}
		for path := range paths {
			d.mu.Lock()
			d.unions.forget(path)
			d.mu.Unlock()
			d.drop(path)
		}
	}
	return failed
}

// byOwner are the paths of private feeds by the IDs that their names begin with.
func byOwner(files []os.DirEntry) map[string]map[string]bool {
	all := make(map[string]map[string]bool)
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), gzipSuffix)
		id := name[:max(0, len(name)-hex.EncodedLen(unionSum))]
		if all[id] == nil {
			all[id] = make(map[string]bool)
		}
		all[id][privateDir+name] = true
	}
	return all
}
