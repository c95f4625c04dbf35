package delivery

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

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
	// Others allocate a megabyte before the first byte.
	zip, err := gzip.NewWriterLevel(&out, gzip.StatelessCompression)
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
	kept, rendered, err := unpackLetter(data)
	if err != nil {
		return digest.Letter{}, nil, err
	}
	if err := json.Unmarshal(kept, &content); err != nil {
		return digest.Letter{}, nil, fmt.Errorf("kept letter: %w", err)
	}
	return content, rendered, nil
}

func unpackLetter(data []byte) (content, rendered []byte, err error) {
	if !bytes.HasPrefix(data, []byte(letterMagic)) {
		return nil, nil, errors.New("kept letter: not of a version that this program reads")
	}
	zip, err := gzip.NewReader(bytes.NewReader(data[len(letterMagic):]))
	if err != nil {
		return nil, nil, fmt.Errorf("kept letter: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(zip, maxLetter))
	if err != nil {
		return nil, nil, fmt.Errorf("kept letter: %w", err)
	}
	size, n := binary.Uvarint(raw)
	if n <= 0 || uint64(len(raw)-n) < size {
		return nil, nil, errors.New("kept letter: cut short")
	}
	raw = raw[n:]
	return raw[:size], raw[size:], nil
}
