package sqlitedb

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/enshi-daily/enshi/posts"
)

// What was written is garbage afterwards, however large it was.
func TestStatementsKeepNoArguments(t *testing.T) {
	db := newCrowd(t, 0)
	w, err := db.AcquireWatch(t.Context(), "a", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	records := make([]posts.Identity, 1000)
	for i := range records {
		records[i] = posts.Identity{ID: posts.ID("tag:example.com,2024:" + string(rune('一'+i))), Path: "a.md", Standing: posts.Backlog}
	}
	if err := db.Record(t.Context(), w, records); err != nil {
		t.Fatal(err)
	}
	all := weak.Make(&records[0])
	records = nil
	runtime.GC()
	if all.Value() != nil {
		t.Error("the store keeps the records that it was given")
	}
}
