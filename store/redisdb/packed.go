package redisdb

import (
	"fmt"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// packedFields is how many fields a packed delivery has:
//
//	state|tries|doubts|created|at|skip|token|group|letter|reply
//
// Times are in ms, "" for none. The reply comes last and may hold anything.
const packedFields = 10

// packedState reads the state alone.
func packedState(packed string) delivery.State {
	state, _, _ := strings.Cut(packed, "|")
	return delivery.State(state)
}

// unpack reads a ledger's value. The token is left out: only Lease hands it on.
func unpack(edition string, id subscribers.ID, packed string) (d delivery.Delivery, token string, err error) {
	f := strings.SplitN(packed, "|", packedFields)
	if len(f) != packedFields {
		return delivery.Delivery{}, "", fmt.Errorf("stored delivery of %s in %s: %d fields, expected %d", id, edition, len(f), packedFields)
	}
	read := recordReader{}
	d = delivery.Delivery{
		Edition: edition, Subscriber: id, State: delivery.State(f[0]),
		Tries: int(read.number(f[1])), Doubts: int(read.number(f[2])),
		Created: read.millis(f[3]), At: read.millis(f[4]), Skip: delivery.Skip(f[5]),
		Group: delivery.Group(f[7]), Letter: f[8], Reply: f[9],
	}
	if read.err != nil {
		return delivery.Delivery{}, "", fmt.Errorf("stored delivery of %s in %s: %w", id, edition, read.err)
	}
	return d, f[6], nil
}
