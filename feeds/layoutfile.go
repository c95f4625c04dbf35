package feeds

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/enshi-daily/enshi/posts"
)

const layoutName = "archives"

// layoutMagic is raised when an older enshi would misread the file.
const layoutMagic = "enshi archives 1\n"

// layoutSum is the length of the hash at the file's end.
const layoutSum = 16

// ReadLayout returns the layout that was saved to the output directory, nil if
// none was.
func (p *Publisher) ReadLayout() (*Layout, error) {
	name := p.layoutFile()
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var l *Layout
	if err == nil {
		l, err = decodeLayout(data)
	}
	if err != nil {
		return nil, fmt.Errorf("archives: %s: %w: put a copy back, or remove the file: "+
			"the archives are then laid out anew, and posts may move between them", name, err)
	}
	return l, nil
}

// SaveLayout replaces the saved layout. To be called before documents that go
// by it are published.
func (p *Publisher) SaveLayout(l *Layout) error {
	temp, err := p.stageSynced(l.encode())
	if err != nil {
		return fmt.Errorf("archives: %w", err)
	}
	if err := os.Rename(temp, p.layoutFile()); err != nil {
		return errors.Join(fmt.Errorf("archives: %w", err), os.Remove(temp))
	}
	return syncDir(filepath.Join(p.dir, stateDir))
}

func (p *Publisher) layoutFile() string { return filepath.Join(p.dir, stateDir, layoutName) }

// encode writes a layout. The same layout gives the same bytes: the topics in
// order, each with its parts and then its members, and a hash of it all.
func (l *Layout) encode() []byte {
	topics, size := l.Topics(), len(layoutMagic)+layoutSum+8
	for _, t := range topics {
		ch := l.chains[t]
		size += len(t) + 8 + 8*len(ch.members) + 6*len(ch.parts)
	}
	b := append(make([]byte, 0, size), layoutMagic...)
	b = binary.AppendUvarint(b, uint64(len(topics)))
	for _, t := range topics {
		ch := l.chains[t]
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
		b = binary.AppendUvarint(b, uint64(len(ch.parts)))
		for i, p := range ch.parts {
			b = binary.AppendUvarint(b, uint64(p.month))
			b = binary.AppendUvarint(b, uint64(p.number))
			b = binary.AppendUvarint(b, uint64(len(ch.of(i))))
		}
		for _, m := range ch.members {
			b = binary.LittleEndian.AppendUint64(b, uint64(m))
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:layoutSum]...)
}

var (
	errLayoutVersion = errors.New("of another kind or another release of enshi")
	errLayoutDamaged = errors.New("damaged")
)

func decodeLayout(data []byte) (*Layout, error) {
	if !strings.HasPrefix(string(data[:min(len(data), len(layoutMagic))]), layoutMagic) {
		return nil, errLayoutVersion
	}
	body := data[:max(len(data)-layoutSum, len(layoutMagic))]
	if sum := sha256.Sum256(body); string(sum[:layoutSum]) != string(data[len(body):]) {
		return nil, errLayoutDamaged
	}
	d := layoutDecoder{rest: body[len(layoutMagic):]}
	l := &Layout{chains: make(map[posts.Topic]*chain)}
	for range d.number(len(d.rest)) {
		t := posts.Topic(d.bytes(d.number(len(d.rest))))
		l.chains[t] = d.chain()
	}
	if d.bad || len(d.rest) > 0 {
		return nil, errLayoutDamaged
	}
	return l, nil
}

// layoutDecoder reads numbers off a layout. What it returns once it is bad
// means nothing.
type layoutDecoder struct {
	rest []byte
	bad  bool
}

// number reads one of at most the given size, zero if there is none.
func (d *layoutDecoder) number(most int) int {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > uint64(most) {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return int(n)
}

func (d *layoutDecoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.bad, n = true, len(d.rest)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// chain reads the parts of a topic, which must be in order and not empty.
func (d *layoutDecoder) chain() *chain {
	const lastMonth = 12 * 10000
	ch := &chain{parts: make([]part, 0, d.number(len(d.rest)))}
	before := part{}
	for range cap(ch.parts) {
		p := part{month: month(d.number(lastMonth)), number: int32(d.number(len(d.rest)))}
		n := d.number(maxMembers)
		inOrder := p.month > before.month && p.number == 1 || p.month == before.month && p.number == before.number+1
		if d.bad = d.bad || n == 0 || !inOrder; d.bad {
			return ch
		}
		p.end = before.end + int32(n)
		ch.parts = append(ch.parts, p)
		before = p
	}
	raw := d.bytes(8 * int(before.end))
	if d.bad {
		return ch
	}
	ch.members = make([]member, 0, len(raw)/8)
	for ; len(raw) > 0; raw = raw[8:] {
		ch.members = append(ch.members, member(binary.LittleEndian.Uint64(raw)))
	}
	return ch
}
