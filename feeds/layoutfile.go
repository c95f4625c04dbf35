package feeds

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/posts"
)

// layoutDir holds a layout, one file a month, so that a new post costs the same
// however many there are.
const layoutDir = stateDir + "/archives"

// layoutMagic is raised when an older enshi would misread the files.
const layoutMagic = "enshi archives 1\n"

// layoutSum is the length of the hash at a file's end.
const layoutSum = 16

var layoutName = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)

// ReadLayout returns the layout that was saved to the output directory, nil if
// none was.
func (p *Publisher) ReadLayout() (*Layout, error) {
	files, err := os.ReadDir(p.file(layoutDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("archives: %w", err)
	}
	l := &Layout{chains: make(map[posts.Topic]*chain)}
	for _, f := range files { // by name, so by month
		if !layoutName.MatchString(f.Name()) {
			continue
		}
		name := filepath.Join(p.file(layoutDir), f.Name())
		data, err := os.ReadFile(name)
		if err == nil {
			err = l.decode(f.Name(), data)
		}
		if err != nil {
			return nil, fmt.Errorf("archives: %s: %w: put a copy back, or remove the file: "+
				"the archives of that month are then laid out anew, and posts may move between them", name, err)
		}
	}
	p.layout = l
	return l, nil
}

// SaveLayout saves what is new in a layout since it was read or saved last. To
// be called before documents that go by it are published, by one goroutine.
func (p *Publisher) SaveLayout(l *Layout) error {
	months := l.since(p.layout)
	if len(months) == 0 {
		return nil
	}
	if err := os.MkdirAll(p.file(layoutDir), 0o777); err != nil {
		return fmt.Errorf("archives: %w", err)
	}
	topics, temps := l.Topics(), make([]string, 0, len(months))
	var err error
	for _, m := range months {
		var temp string
		if temp, err = p.stage(l.encode(m, topics)); err != nil {
			break
		}
		temps = append(temps, temp)
	}
	if err == nil {
		err = syncFiles(filepath.Join(p.dir, stateDir), temps)
	}
	for i, temp := range temps {
		if err == nil {
			err = os.Rename(temp, filepath.Join(p.file(layoutDir), months[i].String()))
		}
	}
	if err == nil {
		err = syncDir(p.file(layoutDir))
	}
	if err != nil {
		discard(temps...)
		return fmt.Errorf("archives: %w", err)
	}
	p.layout = l
	return nil
}

// since returns the months in which a layout has more than before, in order.
func (l *Layout) since(before *Layout) []month {
	touched := make(map[month]bool)
	for t, ch := range l.chains {
		old := before.chain(t)
		if len(old.members) == len(ch.members) {
			continue // they only ever grow
		}
		for i, p := range ch.parts {
			if j, ok := old.find(p.month, p.number); !ok || len(old.of(j)) < len(ch.of(i)) {
				touched[p.month] = true
			}
		}
	}
	months := make([]month, 0, len(touched))
	for m := range touched {
		months = append(months, m)
	}
	slices.Sort(months)
	return months
}

// encode writes a month of a layout. The same layout gives the same bytes: the
// topics that have it in order, each with the sizes of its parts and their
// members, and a hash of it all.
func (l *Layout) encode(m month, topics []posts.Topic) []byte {
	b := append([]byte(layoutMagic), m.String()...)
	for _, t := range topics {
		ch := l.chains[t]
		first, last := ch.span(m)
		if first == last {
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
		b = binary.AppendUvarint(b, uint64(last-first))
		for i := first; i < last; i++ {
			b = binary.AppendUvarint(b, uint64(len(ch.of(i))))
		}
		for _, id := range ch.members[ch.start(first):ch.start(last)] {
			b = binary.LittleEndian.AppendUint64(b, uint64(id))
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:layoutSum]...)
}

var (
	errLayoutVersion = errors.New("of another kind or another release of enshi")
	errLayoutDamaged = errors.New("damaged")
)

// decode adds a month that comes after all that the layout has.
func (l *Layout) decode(name string, data []byte) error {
	if !strings.HasPrefix(string(data[:min(len(data), len(layoutMagic))]), layoutMagic) {
		return errLayoutVersion
	}
	body := data[:max(len(data)-layoutSum, len(layoutMagic))]
	if sum := sha256.Sum256(body); string(sum[:layoutSum]) != string(data[len(body):]) {
		return errLayoutDamaged
	}
	d := layoutDecoder{rest: body[len(layoutMagic):]}
	p, _, ok := parseArchive(string(d.bytes(len(name))) + "-1.xml")
	if !ok || p.month.String() != name {
		return errLayoutDamaged
	}
	for len(d.rest) > 0 {
		t := posts.Topic(d.bytes(d.number(len(d.rest))))
		if l.chains[t] == nil {
			l.chains[t] = &chain{}
		}
		d.month(l.chains[t], p.month)
	}
	if d.bad {
		return errLayoutDamaged
	}
	return nil
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

// month adds the parts of a month to a topic's chain.
func (d *layoutDecoder) month(ch *chain, m month) {
	members := 0
	for number := range d.number(len(d.rest)) {
		n := d.number(maxMembers)
		if d.bad = d.bad || n == 0; d.bad {
			return
		}
		members += n
		ch.parts = append(ch.parts, part{month: m, number: int32(number + 1), end: int32(len(ch.members) + members)})
	}
	for raw := d.bytes(8 * members); len(raw) >= 8; raw = raw[8:] {
		ch.members = append(ch.members, member(binary.LittleEndian.Uint64(raw)))
	}
}
