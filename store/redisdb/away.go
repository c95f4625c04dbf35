package redisdb

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Away says that an error comes of a server that cannot be reached or is not
// ready, so that the same may work a moment later without anybody's doing.
func Away(err error) bool {
	// A server that has its files to read yet, or a cluster that does not agree.
	unready := [...]string{"LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "TRYAGAIN", "NOREPLICAS"}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errUnconfirmed) ||
		slices.ContainsFunc(unready[:], func(word string) bool { return redis.HasErrorPrefix(err, word) })
}
