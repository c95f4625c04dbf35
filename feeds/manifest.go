package feeds

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// stateDir holds what enshi keeps for itself in an output directory.
const stateDir = ".enshi"

const manifestName = "manifest.json"

// manifestVersion is raised when an older enshi would misread the file.
const manifestVersion = 1

// record is what the manifest keeps of a document.
type record struct {
	ETag      string      `json:"etag"`     // hash of the bytes
	Modified  time.Time   `json:"modified"` // last time the bytes changed; the file's time too
	Size      int64       `json:"size"`
	MediaType string      `json:"media_type"`
	Topic     posts.Topic `json:"topic,omitempty"`
	Format    Format      `json:"format,omitempty"`
	Entries   int         `json:"entries"`
	Brotli    bool        `json:"brotli,omitempty"`
	Recipe    string      `json:"recipe,omitempty"` // what the bytes are made of

	// damaged: the files are not those that were recorded.
	damaged bool
}

type manifest struct {
	Version   int               `json:"version"`
	Documents map[string]record `json:"documents"`
}

// readManifest returns what was published to dir, nothing if nothing was.
func readManifest(dir string) (map[string]record, error) {
	name := filepath.Join(dir, stateDir, manifestName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]record{}, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w; without this file every document is written anew", name, err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s: version %d: expected %d, written by another release of enshi", name, m.Version, manifestVersion)
	}
	if m.Documents == nil {
		m.Documents = map[string]record{}
	}
	return m.Documents, nil
}

// saveManifest replaces the manifest. The same documents give the same bytes.
func (p *Publisher) saveManifest() error {
	p.mu.RLock()
	data, err := json.MarshalIndent(manifest{manifestVersion, p.records}, "", " ")
	p.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	temp, err := p.stageSynced(append(data, '\n'))
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	if err := os.Rename(temp, filepath.Join(p.dir, stateDir, manifestName)); err != nil {
		return errors.Join(fmt.Errorf("manifest: %w", err), os.Remove(temp))
	}
	p.mu.Lock()
	p.unsaved = false
	p.mu.Unlock()
	return syncDir(filepath.Join(p.dir, stateDir))
}

// Has says that a document is there as its recipe makes it (Options.Have).
func (p *Publisher) Has(path, recipe string) bool {
	p.mu.RLock()
	r, ok := p.records[path]
	p.mu.RUnlock()
	return ok && recipe != "" && r.Recipe == recipe && !r.damaged && p.intact(path, r)
}

// setRecipe notes that another recipe gave the bytes that are there.
func (p *Publisher) setRecipe(path, recipe string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.records[path]; r.Recipe != recipe {
		r.Recipe = recipe
		p.records[path], p.unsaved = r, true
	}
}

// Intact says that every document which was published here is there as it was
// written, and how many there are.
func (p *Publisher) Intact() (documents int, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, r := range p.records {
		if r.damaged {
			return 0, false
		}
	}
	return len(p.records), true
}

// intact tells whether the files of a document are still as they were written.
// Their bytes are not read: a document's time moves whenever its bytes do.
func (p *Publisher) intact(path string, r record) bool {
	name := p.file(path)
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != r.Size || !info.ModTime().Equal(r.Modified) {
		return false
	}
	packed, err := os.Stat(name + gzipSuffix)
	return err == nil && packed.Mode().IsRegular() && packed.ModTime().Equal(r.Modified)
}

func (p *Publisher) file(path string) string {
	return filepath.Join(p.dir, filepath.FromSlash(path))
}
