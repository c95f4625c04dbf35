package feeds

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/andybalholm/brotli"
)

// brotliLevel is the last one before the time explodes.
const brotliLevel = 9

// Brotli writes the .br twins that are missing and returns how many. It is slow
// and lets a Publish in after each, so it suits an idle daemon or the end of a
// build; after each it rests for as long as rest makes of the time that it took,
// nil for not at all. A document that changes loses its twin until the next call.
func (p *Publisher) Brotli(ctx context.Context, rest func(time.Duration) time.Duration) (int, error) {
	p.mu.RLock()
	paths := slices.Sorted(maps.Keys(p.records))
	p.mu.RUnlock()
	var problems []error
	made := 0
	for _, path := range paths {
		if ctx.Err() != nil {
			break
		}
		began := time.Now()
		ok, err := p.brotli(path)
		if err != nil {
			problems = append(problems, fmt.Errorf("compress %s: %w", path, err))
		}
		if !ok {
			continue
		}
		made++
		if rest != nil {
			pause(ctx, rest(time.Since(began)))
		}
	}
	if made > 0 {
		p.publishing.Lock()
		problems = append(problems, p.saveManifest())
		p.publishing.Unlock()
	}
	return made, errors.Join(append(problems, ctx.Err())...)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (p *Publisher) brotli(path string) (bool, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	p.mu.RLock()
	r := p.records[path]
	p.mu.RUnlock()
	if r.Brotli || r.damaged {
		return false, nil
	}
	body, err := os.ReadFile(p.file(path))
	if err != nil {
		return false, err
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:16]) != r.ETag {
		return false, nil // somebody changed it: the next Publish puts it right
	}
	var buf bytes.Buffer
	w := brotli.NewWriterLevel(&buf, brotliLevel)
	if _, err := w.Write(body); err != nil {
		return false, err
	}
	if err := w.Close(); err != nil {
		return false, err
	}
	temp, err := p.stageSynced(buf.Bytes())
	if err != nil {
		return false, err
	}
	if err := setDate(temp, r.Modified); err != nil {
		return false, errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, p.file(path)+brotliSuffix); err != nil {
		return false, errors.Join(err, os.Remove(temp))
	}
	p.setBrotli(path, true)
	return true, nil
}

func (p *Publisher) setBrotli(path string, there bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.records[path]; ok {
		r.Brotli = there
		p.records[path] = r
	}
}
