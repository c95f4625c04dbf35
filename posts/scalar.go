package posts

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isNull says whether v is YAML 1.1's null.
func (v value) isNull() bool {
	return v.kind == scalar && v.plain && (v.text == "" || v.text == "~" || strings.EqualFold(v.text, "null"))
}

// boolean reads YAML 1.1's booleans, of which YAML 1.2 keeps only the first pair.
func (v value) boolean() (b, ok bool) {
	if v.kind != scalar || !v.plain || len(v.text) < 2 || len(v.text) > 5 {
		return false, false
	}
	switch strings.ToLower(v.text) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// truthy is Ruby's idea of it: all but null and false.
func (v value) truthy() bool {
	b, ok := v.boolean()
	return !v.isNull() && (b || !ok)
}

// str is the scalar after YAML 1.1 has been at it and back: 010 is "8", 1.50 is
// "1.5". Addresses are made of that, so ours must be too.
func (v value) str() string {
	if !v.plain || v.kind != scalar {
		return v.text
	}
	if v.isNull() {
		return ""
	}
	if b, ok := v.boolean(); ok {
		return strconv.FormatBool(b)
	}
	if s, ok := rubyNumber(v.text); ok {
		return s
	}
	return v.text
}

var (
	integerForm = regexp.MustCompile(`^[-+]?(?:0b[01_,]+|0[0-7_,]+|0x[0-9a-fA-F_,]+|0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)$`)
	base60Form  = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}$`)
	floatForm   = regexp.MustCompile(`^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$`)
)

// rubyNumber is the number that text stands for, as Ruby prints it.
func rubyNumber(text string) (string, bool) {
	if c := text[0]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' {
		return "", false
	}
	digits := strings.NewReplacer(",", "", "_", "").Replace(text)
	switch {
	case base60Form.MatchString(text):
		return strconv.Itoa(base60(digits)), true
	case integerForm.MatchString(text):
		if n, ok := new(big.Int).SetString(digits, 0); ok {
			return n.String(), true
		}
	case floatForm.MatchString(text) && strings.ContainsAny(text, "0123456789"):
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			return rubyFloat(f), true
		}
	}
	return "", false
}

// base60 reads 1:30 as 1 hour 30 minutes and 1:30:15 with seconds.
func base60(text string) int {
	n := 0
	for i, part := range strings.Split(text, ":") {
		k, _ := strconv.Atoi(part)
		n += k * [3]int{3600, 60, 1}[i]
	}
	return n
}

// rubyFloat prints as Float#to_s does.
func rubyFloat(f float64) string {
	if exp := math.Abs(f); f == 0 || exp >= 1e-4 && exp < 1e16 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	if mantissa, exponent, ok := strings.Cut(s, "e"); ok && !strings.Contains(mantissa, ".") {
		s = mantissa + ".0e" + exponent
	}
	return s
}

// plainGo is the value as Site.Defaults shows it: nil, bool, int, time.Time,
// string, []any or map[string]any.
func (v value) plainGo() any {
	switch v.kind {
	case list:
		items := make([]any, len(v.items))
		for i := range v.items {
			items[i] = v.items[i].plainGo()
		}
		return items
	case mapping:
		m := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			m[f.key] = f.value.plainGo()
		}
		return m
	}
	if v.isNull() {
		return nil
	}
	if b, ok := v.boolean(); ok {
		return b
	}
	if !v.plain {
		return v.text
	}
	if n, err := strconv.Atoi(v.text); err == nil && strconv.Itoa(n) == v.text {
		return n
	}
	if at, ok := psychTime(v.text); ok {
		return at
	}
	return v.str()
}

// valueOf is plainGo's inverse. What plainGo never makes is null.
func valueOf(a any) value {
	switch a := a.(type) {
	case nil:
		return value{plain: true}
	case string:
		return value{text: a}
	case bool:
		return value{text: strconv.FormatBool(a), plain: true}
	case int:
		return value{text: strconv.Itoa(a), plain: true}
	case time.Time:
		return value{text: a.Format("2006-01-02 15:04:05 -07:00"), plain: true}
	case []any:
		items := make([]value, len(a))
		for i := range a {
			items[i] = valueOf(a[i])
		}
		return value{kind: list, items: items}
	case map[string]any:
		fs := make(fields, 0, len(a))
		for k, v := range a {
			fs = append(fs, field{key: k, value: valueOf(v)})
		}
		return value{kind: mapping, fields: fs}
	}
	return value{plain: true}
}
