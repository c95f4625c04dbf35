package delivery

// bitWriter appends bits, the highest of a byte first.
type bitWriter struct {
	out  []byte
	held uint64
	n    int
}

func (w *bitWriter) write(v uint64, n int) {
	for n > 0 {
		take := min(n, 8-w.n)
		n -= take
		w.held = w.held<<take | v>>n&(1<<take-1)
		if w.n += take; w.n == 8 {
			w.out = append(w.out, byte(w.held))
			w.held, w.n = 0, 0
		}
	}
}

func (w *bitWriter) rice(v uint64, low int) {
	high := v >> low
	if high >= escape {
		w.write(1<<escape-1, escape)
		w.write(v, rollBits)
		return
	}
	w.write(1<<(high+1)-2, int(high)+1)
	w.write(v&(1<<low-1), low)
}

// close fills the last byte with zeros.
func (w *bitWriter) close() []byte {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
	return w.out
}

type bitReader struct {
	data  []byte
	at    int // in bits
	short bool
}

func (b *bitReader) read(n int) (v uint64) {
	if b.at+n > 8*len(b.data) {
		b.short = true
		return 0
	}
	for n > 0 {
		free := 8 - b.at%8
		take := min(n, free)
		v = v<<take | uint64(b.data[b.at/8])>>(free-take)&(1<<take-1)
		b.at += take
		n -= take
	}
	return v
}

func (b *bitReader) rice(low int) uint64 {
	for high := uint64(0); high < escape; high++ {
		if b.read(1) == 0 {
			return high<<low | b.read(low)
		}
	}
	return b.read(rollBits)
}

// rest is what follows the byte that was read last.
func (b *bitReader) rest() []byte { return b.data[(b.at+7)/8:] }
