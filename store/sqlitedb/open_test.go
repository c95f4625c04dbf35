package sqlitedb_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

// reader is the nth subscriber, active and daily.
func reader(n int) subscribers.Subscriber {
	return subscribers.Subscriber{
		ID: subscribers.ID(fmt.Sprintf("reader%06d", n)), Address: subscribers.Address(fmt.Sprintf("r%d@example.org", n)),
		State: subscribers.Active, Cadence: subscribers.Daily, Language: subscribers.Chinese,
	}
}

func save(t *testing.T, db *sqlitedb.DB, s subscribers.Subscriber) {
	t.Helper()
	if err := db.Save(t.Context(), s, subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMakesFilesForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	path := filepath.Join(dir, "enshi.db")
	save(t, open(t, path, nil), reader(1))
	want := map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600}
	for name, mode := range want {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("mode of %s = %v, want %v", name, info.Mode(), mode)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOpenKeepsWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enshi.db")
	for n := range 3 {
		db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		save(t, db, reader(n))
		for i := range n + 1 {
			if _, err := db.Subscriber(t.Context(), reader(i).ID); err != nil {
				t.Errorf("opened %d times: %v", n+1, err)
			}
		}
		if err := db.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenTakesAnyName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "恩施.db", "q?mode=memory", "h#x", "p%41.db", "a&b=c;d", "x'y\"z"} {
		path := filepath.Join(dir, name)
		save(t, open(t, path, nil), reader(1))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("nothing was written to %q: %v", path, err)
		}
	}
}

func TestOpenByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enshi.db")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Save(t.Context(), reader(n), subscribers.NoNotice); err != nil {
				t.Error(err)
			}
			if err := db.Shutdown(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	counts, err := open(t, path, nil).Count(t.Context())
	if err != nil || counts[subscribers.Active] != 8 {
		t.Errorf("Count = %v, %v; want 8 active", counts, err)
	}
}

// script writes a database without our help.
func script(t *testing.T, path, statements string) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want string
	}{
		{"a newer store", func(t *testing.T, path string) {
			db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Shutdown(); err != nil {
				t.Fatal(err)
			}
			script(t, path, `PRAGMA user_version = 99`)
		}, "a newer enshi wrote it (schema 99, this one knows up to 2)"},
		{"another program's database", func(t *testing.T, path string) {
			script(t, path, `CREATE TABLE cookies (x)`)
		}, "database of another program"},
		{"a database that another program marked", func(t *testing.T, path string) {
			script(t, path, `PRAGMA application_id = 7`)
		}, "database of another program"},
		{"a file that is no database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("title: not a database\n", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "damaged or no store; stop enshi and restore a backup"},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
		{"a file below a file", func(t *testing.T, path string) {
			if err := os.WriteFile(filepath.Dir(path), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "make its directory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			path := filepath.Join(dir, "enshi.db")
			if test.want != "make its directory" {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			test.make(t, path)
			db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
			if err == nil {
				t.Fatal("Open succeeded", db.Shutdown())
			}
			for _, want := range []string{test.want, path} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Open = %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestDamagedFileIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enshi.db")
	db, err := sqlitedb.Open(sqlitedb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		save(t, db, reader(n))
	}
	if err := db.Shutdown(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096 * 2; i < len(data); i++ {
		data[i] ^= 0x55
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = sqlitedb.Open(sqlitedb.Options{Path: path})
	if err == nil {
		defer db.Shutdown()
		_, err = db.Subscriber(t.Context(), reader(1).ID)
	}
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("reading a damaged file = %v, want its name and what to do", err)
	}
}

func TestOpenBringsAnOlderStoreUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enshi.db")
	first, err := os.ReadFile("schema/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	script(t, path, string(first)+`; PRAGMA application_id = 0x656e7368; PRAGMA user_version = 1;
		INSERT INTO subscriber VALUES ('reader000001', 7, '', 'pending', '[]', 'daily', 'zh-Hans', 5, 2, '', 0, 0, 0, 0)`)
	db := open(t, path, nil)
	for _, returning := range []bool{false, true} {
		s, err := db.Subscriber(t.Context(), reader(1).ID)
		if err != nil || s.Cursor != 5 || s.Returning != returning {
			t.Errorf("the older store's record = %+v, %v", s, err)
		}
		s.Returning = true
		save(t, db, s)
	}
}
