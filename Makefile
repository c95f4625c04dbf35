# A short menu. "make" alone shows it.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build test test-peers test-all lint bench bench-send bench-feeds golden fuzz soak

help: ## show this menu
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## build the program as ./enshi, one static file
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o enshi ./cmd/enshi

test: ## install what the core needs, then lint and run all its tests
	./setup/core.sh
	@$(MAKE) --no-print-directory lint
	go test -race -shuffle=on -timeout 30m ./...

test-peers: ## install browsers, readers and Jekyll, and test against them
	./setup/peers.sh
	./setup/peertests.sh

test-all: test test-peers ## both

lint: ## formatting, vet, staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run gofmt -w on:" $$unformatted >&2; exit 1; }
	go vet ./...
	go vet -tags failpoints ./cmd/enshi
	go run $(STATICCHECK) ./...
	go run $(STATICCHECK) -tags failpoints ./cmd/enshi

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem -timeout 60m ./...

bench-send: ## plan for a million, and send against Postfix's smtp-source
	./setup/install.sh postfix
	go test -tags bench -run . -count=1 -v -timeout 60m ./bench/send

FUZZTIME = 30s
fuzz: ## let every fuzz target search for FUZZTIME=30s
	./setup/fuzz.sh $(FUZZTIME)

POSTS = 10000

bench-feeds: ## feeds against their floors, Hugo and nginx; POSTS=100000 takes its time
	./setup/install.sh nginx wrk
	go run ./bench/feeds -posts $(POSTS)

golden: ## write the golden files anew; read the difference in git
	./setup/golden.sh

KILLS = 200
PEOPLE = 20000

soak: ## kill planners and senders at random: KILLS=200 over editions of PEOPLE=20000
	KILLS=$(KILLS) PEOPLE=$(PEOPLE) go test -run TestSoak -count=1 -v -timeout 180m ./bench/faults
