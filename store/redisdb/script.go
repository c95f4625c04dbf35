package redisdb

import (
	"context"
	"embed"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// script is the name of a file under lua, without its ending.
type script string

// The scripts. Each file says what its keys, arguments and answers are.
const (
	scriptAgain      script = "again"
	scriptAllow      script = "allow"
	scriptAppend     script = "append"
	scriptBegin      script = "begin"
	scriptBrake      script = "brake"
	scriptCandidates script = "candidates"
	scriptClock      script = "clock"
	scriptCommand    script = "command"
	scriptDecide     script = "decide"
	scriptDelete     script = "delete"
	scriptDone       script = "done"
	scriptExpired    script = "expired"
	scriptFinish     script = "finish"
	scriptLease      script = "lease"
	scriptLetter     script = "letter"
	scriptOccupy     script = "occupy"
	scriptOpen       script = "open"
	scriptPace       script = "pace"
	scriptPlan       script = "plan"
	scriptPurge      script = "purge"
	scriptRaise      script = "raise"
	scriptRecord     script = "record"
	scriptRenew      script = "renew"
	scriptRewrite    script = "rewrite"
	scriptRoll       script = "roll"
	scriptSave       script = "save"
	scriptSkip       script = "skip"
	scriptStage      script = "stage"
	scriptStale      script = "stale"
	scriptSweep      script = "sweep"
	scriptTouch      script = "touch"
	scriptUpdate     script = "update"
	scriptWatch      script = "watch"
	scriptWork       script = "work"
)

// loadScripts reads every file under lua, each with the prelude before it.
func loadScripts() (map[script]*redis.Script, error) {
	files, err := luaFiles.ReadDir("lua")
	if err != nil {
		return nil, fmt.Errorf("read scripts: %w", err)
	}
	prelude, err := luaFiles.ReadFile("lua/prelude.lua")
	if err != nil {
		return nil, fmt.Errorf("read scripts: %w", err)
	}
	scripts := make(map[script]*redis.Script, len(files))
	for _, f := range files {
		source, err := luaFiles.ReadFile("lua/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("read script %s: %w", f.Name(), err)
		}
		name := script(f.Name()[:len(f.Name())-len(".lua")])
		scripts[name] = redis.NewScript(string(prelude) + string(source))
	}
	return scripts, nil
}

// call is one run of a script. All its keys are in one slot.
type call struct {
	keys []string
	args []any
}

// step is a call of a script.
type step struct {
	script script
	call
}

// run runs a script once a call, in one round trip, and returns the answers in
// order. If any call failed the error is returned; others may have been carried
// out.
func (db *DB) run(ctx context.Context, name script, calls ...call) ([]*redis.Cmd, error) {
	steps := make([]step, len(calls))
	for i, c := range calls {
		steps[i] = step{name, c}
	}
	return db.runSteps(ctx, steps)
}

// command is a step that is one command on one key.
func (db *DB) command(key, verb string, args ...any) step {
	return step{scriptCommand, call{[]string{key}, append([]any{verb}, args...)}}
}

// runSteps is run for several scripts. What is for one slot is done in order.
func (db *DB) runSteps(ctx context.Context, steps []step) ([]*redis.Cmd, error) {
	answers := make([]*redis.Cmd, len(steps))
	todo := make([]int, len(steps))
	for i := range todo {
		todo[i] = i
	}
	for try := 0; len(todo) > 0; try++ {
		pipe := db.rdb.Pipeline()
		for _, i := range todo {
			answers[i] = db.queue(ctx, pipe, steps[i], try > 0)
		}
		_, _ = pipe.Exec(lasting(ctx, steps)) // each command has its own error
		var missing []int
		for _, i := range todo {
			err := answers[i].Err()
			switch {
			case redis.HasErrorPrefix(err, "NOSCRIPT") && try == 0:
				missing = append(missing, i)
			case err != nil:
				return nil, db.fail(string(steps[i].script), err)
			}
		}
		todo = missing
	}
	return answers, nil
}

// queue puts a step into a pipeline. A server that does not know the script (it
// was started, or took the place of one that failed) is given its text: by the
// step itself, because in a cluster the step alone finds the right server.
func (db *DB) queue(ctx context.Context, pipe redis.Pipeliner, s step, whole bool) *redis.Cmd {
	keys := append(slices.Clip(s.keys), db.keys.epoch(s.keys[0]))
	args := append(slices.Clip(s.args), db.tenure.Load().Epoch)
	if whole {
		return db.scripts[s.script].Eval(ctx, pipe, keys, args...)
	}
	return db.scripts[s.script].EvalSha(ctx, pipe, keys, args...)
}

// number runs a script once and returns its one small integer.
func (db *DB) number(ctx context.Context, name script, keys []string, args ...any) (int64, error) {
	answers, err := db.run(ctx, name, call{keys, args})
	if err != nil {
		return 0, err
	}
	n, err := answers[0].Int64()
	if err != nil {
		return 0, db.fail(string(name), err)
	}
	return n, nil
}

// numbers reads an answer that is a list of integers.
func numbers(answer *redis.Cmd) ([]int64, error) {
	list, err := answer.Int64Slice()
	if err != nil {
		return nil, fmt.Errorf("answer of script: %w", err)
	}
	return list, nil
}

// fail translates an error of the driver, naming what was done and where.
func (db *DB) fail(what string, err error) error {
	if redis.HasErrorPrefix(err, "FENCED") {
		return fmt.Errorf("redis at %s: %s: %v: %w", db.where, what, err, delivery.ErrOldEpoch)
	}
	return fmt.Errorf("redis at %s: %s: %w", db.where, what, err)
}
