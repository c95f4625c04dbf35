package posts

// Fingerprint lets tests make the Hash that a scan would have made.
func Fingerprint(b []byte) [16]byte { return fingerprint(b) }
