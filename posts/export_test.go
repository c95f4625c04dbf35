package posts

import "slices"

// Fingerprint lets tests make the Hash that a scan would have made.
func Fingerprint(b []byte) [16]byte { return fingerprint(b) }

// Known returns a copy of the records that the keeper works with.
func (k *Keeper) Known() (known []Identity) {
	_ = k.Read(func(all []Identity) error {
		known = slices.Clone(all)
		return nil
	})
	return known
}
