package posts

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// snapshotVersion is raised when an older enshi would misread the file.
const snapshotVersion = 1

// kept is an Identity as a snapshot has it: what a post is recognised by. When it
// was seen and how far it came are not in it, so that the same posts give the
// same bytes on every machine and day.
type kept struct {
	ID        ID     `json:"id"`
	Path      string `json:"path"`
	SourceURL string `json:"source,omitempty"`
	Body      string `json:"body,omitempty"` // hexadecimal
	Gone      bool   `json:"gone,omitempty"`
	Withdrawn bool   `json:"withdrawn,omitempty"`

	// What an operator withdrew stays withdrawn whatever the file says.
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// SnapshotHeader is what the first line of a snapshot says of the rest.
type SnapshotHeader struct {
	Version    int `json:"version"`
	Identities int `json:"identities"`
	Gone       int `json:"gone"`
}

// HeaderOf is the header of a snapshot of these records.
func HeaderOf(records []Identity) SnapshotHeader {
	h := SnapshotHeader{Version: snapshotVersion, Identities: len(records)}
	for i := range records {
		if records[i].Gone {
			h.Gone++
		}
	}
	return h
}

// recordsKey ends the header: the file as a whole is one JSON object.
const recordsKey = `,"records":[`

// WriteIdentities writes a snapshot of records, sorted by ID: JSON, a header and
// then one record a line.
func WriteIdentities(w io.Writer, records []Identity) error {
	order := make([]int32, len(records))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(records[a].ID, records[b].ID) })
	h := HeaderOf(records)
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(out, `{"version":%d,"identities":%d,"gone":%d%s`, h.Version, h.Identities, h.Gone, recordsKey)
	var line []byte
	for i, at := range order {
		line = line[:0]
		if i > 0 {
			line = append(line, ',')
		}
		line = appendKept(append(line, '\n'), &records[at])
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	fmt.Fprint(out, "\n]}\n")
	return out.Flush()
}

func appendKept(b []byte, r *Identity) []byte {
	b = appendString(append(b, `{"id":`...), string(r.ID))
	b = appendString(append(b, `,"path":`...), r.Path)
	if r.SourceURL != "" {
		b = appendString(append(b, `,"source":`...), r.SourceURL)
	}
	if r.Body != [16]byte{} {
		b = append(hex.AppendEncode(append(b, `,"body":"`...), r.Body[:]), '"')
	}
	if r.Gone {
		b = append(b, `,"gone":true`...)
	}
	if r.Standing == Withdrawn {
		b = append(b, `,"withdrawn":true`...)
	}
	if r.TakenBack() {
		b = appendString(append(b, `,"since":`...), r.Since.UTC().Format(time.RFC3339))
		b = appendString(append(b, `,"reason":`...), r.Reason)
	}
	return append(b, '}')
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	if !isLiteral(s) {
		quoted, _ := json.Marshal(s) // cannot fail: bad UTF-8 is replaced
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// isLiteral reports a string that stands in JSON as it is.
func isLiteral(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.ValidString(s)
}

// ReadHeader reads the first line of a snapshot.
func ReadHeader(r io.Reader) (SnapshotHeader, error) { return readHeader(bufio.NewReader(r)) }

func readHeader(in *bufio.Reader) (h SnapshotHeader, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return h, fmt.Errorf("line 1: %w", err)
	}
	head, ok := bytes.CutSuffix(bytes.TrimSpace(line), []byte(recordsKey))
	if !ok {
		return h, errors.New("line 1: expected identities that enshi wrote, one a line")
	}
	if err := json.Unmarshal(append(slices.Clone(head), '}'), &h); err != nil {
		return h, fmt.Errorf("line 1: %w", err)
	}
	if h.Version != snapshotVersion {
		return h, fmt.Errorf("line 1: version %d: expected %d, written by another release of enshi", h.Version, snapshotVersion)
	}
	return h, nil
}

// ReadIdentities reads a snapshot. Posts that were withdrawn have that Standing,
// all others none.
func ReadIdentities(r io.Reader) ([]Identity, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	h, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	expected := min(max(h.Identities, 0), 1<<20) // an announcement; memory is not given for it alone
	records, seen := make([]Identity, 0, expected), make(map[ID]struct{}, expected)
	for n := 2; ; n++ {
		line, err := readLine(in)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if string(line) == "]}" {
			break
		}
		record, err := parseKept(bytes.TrimSuffix(line, []byte{','}))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := seen[record.ID]; twice {
			return nil, fmt.Errorf("line %d: %s is there twice", n, record.ID)
		}
		seen[record.ID] = struct{}{}
		records = append(records, record)
	}
	if len(records) != h.Identities {
		return nil, fmt.Errorf("%d identities: expected the %d that line 1 announces", len(records), h.Identities)
	}
	return records, nil
}

// readLine returns a line without its end, valid until the next read.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		var rest []byte
		line = slices.Clone(line)
		rest, err = in.ReadBytes('\n')
		line = append(line, rest...)
	}
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file ends here: expected all identities and then ]}")
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// parseKept reads a record, as fast as may be if it is as appendKept writes it.
func parseKept(line []byte) (Identity, error) {
	k, ok := parsePlain(line)
	if !ok {
		k = kept{}
		if err := json.Unmarshal(line, &k); err != nil {
			return Identity{}, err
		}
	}
	record := Identity{ID: k.ID, Path: k.Path, SourceURL: k.SourceURL, Gone: k.Gone}
	if k.Withdrawn {
		record.Standing, record.Since, record.Reason = Withdrawn, k.Since, k.Reason
	}
	if k.Body != "" {
		_, err := hex.Decode(record.Body[:], []byte(k.Body)[:min(len(k.Body), 2*len(record.Body))])
		if err != nil || len(k.Body) != 2*len(record.Body) {
			return record, fmt.Errorf("body %q: expected %d hexadecimal digits", k.Body, 2*len(record.Body))
		}
	}
	if !isPlainAddress(string(k.ID)) && !isAbsoluteIRI(string(k.ID)) || k.Path == "" {
		return record, errors.New("expected an id that is an absolute IRI, and a path")
	}
	return record, nil
}

// parsePlain reads a record without escapes whose keys are in our order. Its
// strings share one copy of the line.
func parsePlain(bytesOf []byte) (k kept, ok bool) {
	if bytes.IndexByte(bytesOf, '\\') >= 0 || !utf8.Valid(bytesOf) {
		return k, false
	}
	line := string(bytesOf)
	id, line := takeText(line, `{"id":"`)
	k.ID = ID(id)
	k.Path, line = takeText(line, `,"path":"`)
	k.SourceURL, line = takeText(line, `,"source":"`)
	k.Body, line = takeText(line, `,"body":"`)
	line, k.Gone = strings.CutPrefix(line, `,"gone":true`)
	line, k.Withdrawn = strings.CutPrefix(line, `,"withdrawn":true`)
	return k, line == "}"
}

// isPlainAddress reports an address such as most ids are, which spares
// isAbsoluteIRI the work of taking it apart.
func isPlainAddress(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme != "http" && scheme != "https" || rest == "" || !isAlphanumeric(rest[0]) {
		return false
	}
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case isAlphanumeric(c), c == '/', c == '-', c == '.', c == '_', c == '~':
		case c == '%' && isEncoded(rest[i:]):
		default:
			return false
		}
	}
	return true
}

// takeText cuts a key with its text off the front, if it is there.
func takeText(line, key string) (text, rest string) {
	after, found := strings.CutPrefix(line, key)
	if !found {
		return "", line
	}
	end := strings.IndexByte(after, '"')
	if end < 0 {
		return "", line
	}
	return after[:end], after[end+1:]
}
