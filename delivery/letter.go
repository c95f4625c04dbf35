package delivery

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/enshi-daily/enshi/digest"
)

// letterMagic begins every kept letter; another version is another word.
const letterMagic = "enl1"

// maxLetter bounds what DecodeLetter unpacks, in bytes.
const maxLetter = 64 << 20

// EncodeLetter packs a letter's content and what the Renderer made of it into
// the bytes that Planning.PutLetter keeps: compressed, the same for the same
// letter.
func EncodeLetter(l digest.Letter, rendered []byte) ([]byte, error) {
	content, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("letter %s: %w", l.ID, err)
	}
	var out bytes.Buffer
	out.WriteString(letterMagic)
	zip, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	parts := binary.AppendUvarint(nil, uint64(len(content)))
	for _, part := range [][]byte{parts, content, rendered} {
		if _, err := zip.Write(part); err != nil {
			return nil, fmt.Errorf("letter %s: %w", l.ID, err)
		}
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("letter %s: %w", l.ID, err)
	}
	return out.Bytes(), nil
}

// DecodeLetter unpacks what EncodeLetter packed.
func DecodeLetter(data []byte) (content digest.Letter, rendered []byte, err error) {
	if !bytes.HasPrefix(data, []byte(letterMagic)) {
		return digest.Letter{}, nil, errors.New("kept letter: not of a version that this program reads")
	}
	zip, err := gzip.NewReader(bytes.NewReader(data[len(letterMagic):]))
	if err != nil {
		return digest.Letter{}, nil, fmt.Errorf("kept letter: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(zip, maxLetter))
	if err != nil {
		return digest.Letter{}, nil, fmt.Errorf("kept letter: %w", err)
	}
	size, n := binary.Uvarint(raw)
	if n <= 0 || uint64(len(raw)-n) < size {
		return digest.Letter{}, nil, errors.New("kept letter: cut short")
	}
	raw = raw[n:]
	if err := json.Unmarshal(raw[:size], &content); err != nil {
		return digest.Letter{}, nil, fmt.Errorf("kept letter: %w", err)
	}
	return content, raw[size:], nil
}
