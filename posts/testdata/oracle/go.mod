// A module of its own, so that these names, some of which no module archive may
// hold, stay out of enshi's: go install would refuse it.
module github.com/enshi-daily/enshi/posts/testdata/oracle

go 1.26.0
