package long

func long2(a, b, c, d, e, f int) int {
	a++
	a++
	a++
	return a
}

var anything = map[string]int{}

func init() {}
