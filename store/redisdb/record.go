package redisdb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// recordFields are the fields of a subscriber's HASH.
var recordFields = [...]string{
	"version", "cursor", "state", "address", "topics", "cadence", "language", "generation",
	"consent", "created", "confirmed", "changed", "noticed", "returning", "asked",
}

// encodeRecord lists field, value, … of all that save.lua does not write
// itself. Empty ones are left out. What plan.lua reads comes first: Redis
// searches a small HASH from its beginning.
func encodeRecord(s subscribers.Subscriber) ([]any, error) {
	topics := ""
	if len(s.Topics) > 0 {
		text, err := marshal(s.Topics)
		if err != nil {
			return nil, fmt.Errorf("subscriber %s: topics: %w", s.ID, err)
		}
		topics = text
	}
	returning := ""
	if s.Returning {
		returning = "yes"
	}
	asked := ""
	if s.Asked != nil {
		text, err := marshal(s.Asked)
		if err != nil {
			return nil, fmt.Errorf("subscriber %s: asked for: %w", s.ID, err)
		}
		asked = text
	}
	var fields []any
	for _, f := range [...][2]string{
		{"state", string(s.State)}, {"cadence", string(s.Cadence)},
		{"address", string(s.Address)}, {"topics", topics}, {"language", string(s.Language)},
		{"generation", strconv.FormatUint(uint64(s.Generation), 10)}, {"consent", s.Consent},
		{"created", recordTime(s.Created)}, {"confirmed", recordTime(s.Confirmed)},
		{"changed", recordTime(s.Changed)}, {"noticed", recordTime(s.NoticedAt)},
		{"returning", returning}, {"asked", asked},
	} {
		if f[1] != "" {
			fields = append(fields, f[0], f[1])
		}
	}
	return fields, nil
}

// decodeRecord reads the answer of HMGET recordFields. ok is false if there is
// no record.
func decodeRecord(id subscribers.ID, values []any) (s subscribers.Subscriber, ok bool, err error) {
	text := make([]string, len(recordFields))
	for i := range text {
		text[i], _ = values[i].(string)
	}
	if text[0] == "" {
		return subscribers.Subscriber{}, false, nil
	}
	read := recordReader{}
	s = subscribers.Subscriber{
		ID: id, Version: read.number(text[0]), Cursor: read.number(text[1]),
		State: subscribers.State(text[2]), Address: subscribers.Address(text[3]),
		Cadence: subscribers.Cadence(text[5]), Language: subscribers.Language(text[6]),
		Generation: uint32(read.number(text[7])), Consent: text[8],
		Created: read.time(text[9]), Confirmed: read.time(text[10]),
		Changed: read.time(text[11]), NoticedAt: read.time(text[12]),
		Returning: text[13] != "",
	}
	if text[4] != "" {
		read.note(json.Unmarshal([]byte(text[4]), &s.Topics))
	}
	if text[14] != "" {
		read.note(json.Unmarshal([]byte(text[14]), &s.Asked))
	}
	if read.err != nil {
		return subscribers.Subscriber{}, false, fmt.Errorf("stored record of subscriber %s: %w", id, read.err)
	}
	return s, true, nil
}

// recordTime is a time as records keep it.
func recordTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// recordReader keeps the first error of many conversions.
type recordReader struct{ err error }

func (r *recordReader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *recordReader) number(s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	r.note(err)
	return n
}

func (r *recordReader) time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	r.note(err)
	return t
}

func (r *recordReader) millis(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	return time.UnixMilli(r.number(s)).UTC()
}

// marshal is JSON in which people can read every letter.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
