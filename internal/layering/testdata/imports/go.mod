module github.com/enshi-daily/enshi

go 1.26.0
