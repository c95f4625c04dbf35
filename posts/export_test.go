package posts

import "slices"

// Fingerprint lets tests make the Hash that a scan would have made.
func Fingerprint(b []byte) [16]byte { return fingerprint(b) }

// Sanitised is what bluemonday makes of a text, and whether it is spared the work.
func Sanitised(source string) (out string, spared bool) {
	return newPolicy().Sanitize(source), plain([]byte(source))
}

// Known returns a copy of the records that the keeper works with.
func (k *Keeper) Known() (known []Identity) {
	_ = k.Read(func(all []Identity) error {
		known = slices.Clone(all)
		return nil
	})
	return known
}
