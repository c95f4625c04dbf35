//go:build peers

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestClusterMasterDies kills a master of six servers while an edition is
// planned and another while it is sent, by two machines that do both.
func TestClusterMasterDies(t *testing.T) {
	const readers = 1500
	cluster := redistest.StartNodes(t)
	f := newFleet(t, cluster.URL(), readers)
	f.start()
	f.await("an edition", func() bool { e, _, ok := f.latest(); return ok && e.Cadence == subscribers.Instant })
	f.dies(cluster.Master("enshi:{c}:meta"))
	f.await("some mails", func() bool { return len(f.smtp.Messages()) > readers/4 })
	cluster.AwaitMaster("enshi:{c}:meta")
	f.dies(cluster.Master("enshi:{s00}:people"))
	cluster.AwaitMaster("enshi:{s00}:people")
	f.finish(readers)
}

// TestSentinelMasterDies does the same with a master that Sentinels watch.
func TestSentinelMasterDies(t *testing.T) {
	const readers = 1500
	s := redistest.StartSentinels(t)
	f := newFleet(t, s.URL(), readers)
	f.start()
	f.await("some mails", func() bool { return len(f.smtp.Messages()) > readers/4 })
	f.dies(s.AwaitMaster(""))
	f.finish(readers)
}

// start joins one machine that watches, and two that plan and send, and lets a
// post arrive.
func (f *fleet) start() {
	f.t.Helper()
	// A relay that takes its time, so that there is something to interrupt.
	f.smtp.Reply(func(step, _ string) *smtptest.Answer {
		if step == smtptest.Dot {
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	})
	f.join("with-site.yaml", "watch", "watch")
	for n := range 2 {
		f.join("without-site.yaml", fmt.Sprintf("both%d", n), "plan,send")
	}
	f.await("the first scan", func() bool { return strings.Contains(f.all[0].log.String(), "feeds published") })
	f.post(time.Now().Format("2006-01-02")+"-xincha.md", "新茶上市", time.Now().Add(-time.Minute))
}

// dies kills a server.
func (f *fleet) dies(s *redistest.Server) {
	f.t.Helper()
	e, counts, _ := f.latest()
	f.t.Logf("kill %s: %s %s %v, %d mails", s.Addr(), e.ID, e.Stage, counts, len(f.smtp.Messages()))
	s.Kill()
}

func (f *fleet) finish(readers int) {
	f.t.Helper()
	f.await("the end of the edition", func() bool {
		e, counts, ok := f.latest()
		return ok && e.Stage == delivery.StageFinished && counts.Total() == readers
	})
	f.account(readers)
	f.stop()
}
