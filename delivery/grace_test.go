package delivery_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/enshi-daily/enshi/subscribers"
)

// TestStoppedWorkerKeepsNothing stops a worker long before its grace time is
// over: nothing holds on to what its context carries.
func TestStoppedWorkerKeepsNothing(t *testing.T) {
	s := newScene(t)
	s.join("reader", subscribers.Daily)
	carried := stopped(t, s)
	for deadline := time.Now().Add(10 * time.Second); carried.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("the context's value is held after the end")
		}
	}
}

type cargo struct{}

// stopped runs a worker under a context that carries something until it is
// stopped, and returns what it carried.
func stopped(t *testing.T, s *scene) weak.Pointer[[1 << 16]byte] {
	t.Helper()
	value := new([1 << 16]byte)
	ctx, stop := context.WithCancel(context.WithValue(context.Background(), cargo{}, value))
	time.AfterFunc(50*time.Millisecond, stop)
	if err := s.worker(&relay{}).Run(ctx); err != nil {
		t.Error(err)
	}
	runtime.Gosched() // what the end of the context sets off
	return weak.Make(value)
}
