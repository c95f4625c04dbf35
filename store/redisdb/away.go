package redisdb

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/redis/go-redis/v9"
)

// awayAnswers begin what a server says that will do the step once it has read
// its files, or once its cluster agrees again.
var awayAnswers = []string{"LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "TRYAGAIN", "NOREPLICAS"}

// Away says that an error comes of a server that cannot be reached or is not
// ready, so that the same may work a moment later without anybody's doing.
func Away(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errUnconfirmed) ||
		slices.ContainsFunc(awayAnswers, func(word string) bool { return redis.HasErrorPrefix(err, word) })
}
