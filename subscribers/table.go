package subscribers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/enshi-daily/enshi/posts"
)

// The columns of a table of subscribers. Only the first must be there.
const (
	columnEmail    = "email"
	columnTopics   = "topics"
	columnCadence  = "cadence"
	columnLanguage = "language"
	columnState    = "state"
)

var errHeader = errors.New("expected a header row of the columns email, topics, cadence, language")

// longestRow bounds a row in bytes.
const longestRow = 64 << 10

// table reads CSV a row at a time. A row is a line: no column of ours needs a
// line end, and a quotation mark that is never closed must not swallow the rows
// after it.
type table struct {
	lines   *bufio.Reader
	row     int // of the line read last, from 1
	columns []string
}

// readHeader starts a table: a byte order mark is passed over, the columns may
// stand in any order and case.
func readHeader(r io.Reader) (*table, error) {
	t := &table{lines: bufio.NewReaderSize(r, longestRow)}
	if mark, err := t.lines.Peek(3); err == nil && string(mark) == "\ufeff" {
		t.lines.Discard(3)
	}
	cells, err := t.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("the file is empty: %w", errHeader)
	case err != nil && !isRowError(err):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("row %d: %w: %w", t.row, errHeader, err)
	}
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		// What stands there is not quoted: without a header it is an address.
		if !slices.Contains([]string{columnEmail, columnTopics, columnCadence, columnLanguage, columnState}, name) {
			return nil, fmt.Errorf("row %d: column %d is not known: %w", t.row, i+1, errHeader)
		}
		if slices.Contains(t.columns, name) {
			return nil, fmt.Errorf("row %d: column %d: %s stands there twice", t.row, i+1, name)
		}
		t.columns = append(t.columns, name)
	}
	if !slices.Contains(t.columns, columnEmail) {
		return nil, fmt.Errorf("row %d: no column email: %w", t.row, errHeader)
	}
	return t, nil
}

// rowError is what is wrong with one row; the next can be read.
type rowError string

func (e rowError) Error() string { return string(e) }

func isRowError(err error) bool {
	var bad rowError
	return errors.As(err, &bad)
}

// next returns the cells of the next row that is not empty. The error is
// io.EOF, a rowError, or the reader's.
func (t *table) next() ([]string, error) {
	for {
		line, err := t.line()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return nil, rowError("not UTF-8: save the file as CSV in UTF-8")
		}
		r := csv.NewReader(bytes.NewReader(line))
		r.FieldsPerRecord = len(t.columns)
		cells, err := r.Read()
		switch {
		case errors.Is(err, csv.ErrFieldCount):
			return nil, rowError(fmt.Sprintf("expected %d columns, found %d", len(t.columns), len(cells)))
		case err != nil:
			return nil, rowError("a quotation mark is not closed, or stands inside a cell that is not quoted")
		}
		return cells, nil
	}
}

// line returns the next line without its end.
func (t *table) line() ([]byte, error) {
	line, err := t.lines.ReadSlice('\n')
	t.row++
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = t.lines.ReadSlice('\n')
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("row %d: %w", t.row, err)
	case long:
		return nil, rowError(fmt.Sprintf("longer than %d bytes", longestRow))
	case err != nil && len(line) == 0:
		return nil, io.EOF
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// A spreadsheet takes a cell that starts with one of these for a formula. Such
// cells are written after an apostrophe, and so are those that start with one,
// so that reading gives every cell back.
const formula = "=+-@\t\r'"

func guard(cell string) string {
	if cell != "" && strings.IndexByte(formula, cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && rest != "" && strings.IndexByte(formula, rest[0]) >= 0 {
		return rest
	}
	return cell
}

// formatTopics writes topics as one cell. What would end a topic or a row is
// percent-encoded.
func formatTopics(topics []posts.Topic) string {
	encode := strings.NewReplacer("%", "%25", ";", "%3B", "\r", "%0D", "\n", "%0A")
	var cell strings.Builder
	for i, t := range topics {
		if i > 0 {
			cell.WriteByte(';')
		}
		cell.WriteString(encode.Replace(string(t)))
	}
	return cell.String()
}

// parseTopics reads what formatTopics wrote, or a person: any other % stands
// for itself. Errors name the topic by its place and never quote it, because
// it may be an address in the wrong column.
func parseTopics(cell string) ([]posts.Topic, error) {
	decode := strings.NewReplacer("%25", "%", "%3B", ";", "%3b", ";", "%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n")
	var topics []posts.Topic
	n := 0
	for part := range strings.SplitSeq(cell, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		n++
		t, err := posts.ParseTopic(decode.Replace(part))
		if err != nil {
			return nil, fmt.Errorf("topic %d: expected *, category:NAME or tag:NAME", n)
		}
		topics = append(topics, t)
	}
	return topics, nil
}
