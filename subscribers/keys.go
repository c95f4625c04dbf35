package subscribers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// keySize is the size of every key in bytes.
const keySize = 32

// Keys is the key ring: the identity key, which is never changed (subscriber
// IDs and suppression are made with it), and the link keys, of which the first
// signs and all verify.
type Keys struct {
	identity []byte
	links    []linkKey
}

type linkKey struct {
	id   byte
	key  []byte
	macs *sync.Pool // of hash.Hash with the key taken in: a mail has three links
}

func newLinkKey(id byte, key []byte) linkKey {
	return linkKey{id: id, key: key, macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// keyFile is the ring as it is kept: JSON, keys in base64.
type keyFile struct {
	Identity []byte        `json:"identity"`
	Links    []linkKeyFile `json:"links"`
}

type linkKeyFile struct {
	ID  byte   `json:"id"`
	Key []byte `json:"key"`
}

// NewKeys makes a ring of random keys.
func NewKeys() *Keys {
	return &Keys{identity: randomKey(), links: []linkKey{newLinkKey(1, randomKey())}}
}

func randomKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}

// ParseKeys reads what Marshal wrote.
func ParseKeys(data []byte) (*Keys, error) {
	var f keyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("key ring: %w", err)
	}
	if len(f.Identity) != keySize || len(f.Links) == 0 {
		return nil, fmt.Errorf("key ring: expected an identity key of %d bytes and at least one link key", keySize)
	}
	k := &Keys{identity: f.Identity}
	seen := make(map[byte]bool)
	for _, l := range f.Links {
		if len(l.Key) != keySize || seen[l.ID] {
			return nil, fmt.Errorf("key ring: link key %d: expected %d bytes and an id of its own", l.ID, keySize)
		}
		seen[l.ID] = true
		k.links = append(k.links, newLinkKey(l.ID, l.Key))
	}
	return k, nil
}

// Marshal returns the ring for keeping. It holds secrets: mode 0600.
func (k *Keys) Marshal() ([]byte, error) {
	f := keyFile{Identity: k.identity}
	for _, l := range k.links {
		f.Links = append(f.Links, linkKeyFile{ID: l.id, Key: l.key})
	}
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// Fingerprint tells rings with another identity key apart without giving
// anything of it away.
func (k *Keys) Fingerprint() string { return hex.EncodeToString(k.derive("fingerprint")[:8]) }

// ID is the ID of whoever has this address. The local part counts
// case-insensitively: one subscriber an address.
func (k *Keys) ID(a Address) ID {
	mac := k.derive("subscriber", strings.ToLower(string(a)))
	return ID(base64.RawURLEncoding.EncodeToString(mac[:idBytes]))
}

// LetterID is the unguessable name of the letter with this content key (see
// digest.Key) in an edition; the same on every machine with this ring.
func (k *Keys) LetterID(edition, key string) string {
	mac := k.derive("letter", edition, key)
	return base64.RawURLEncoding.EncodeToString(mac[:12])
}

// Blind turns something personal (a client's address) into a key for Limits
// that gives it away to nobody without the ring.
func (k *Keys) Blind(purpose, value string) string {
	mac := k.derive("limit", purpose, value)
	return purpose + ":" + base64.RawURLEncoding.EncodeToString(mac[:12])
}

// derive is HMAC-SHA-256 under the identity key over parts, each after its
// length so that no two lists of parts read the same.
func (k *Keys) derive(parts ...string) []byte {
	mac := hmac.New(sha256.New, k.identity)
	for _, p := range parts {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}
