package delivery

// Point is called before and after a step of a store that nobody outside sees,
// as NAME.before and NAME.after, so that a test may end the process there. nil in
// a program as it is shipped.
type Point func(name string) error

// Around puts the points of a name around a step.
func (p Point) Around(name string, step func() error) error {
	if p == nil {
		return step()
	}
	if err := p(name + ".before"); err != nil {
		return err
	}
	if err := step(); err != nil {
		return err
	}
	return p(name + ".after")
}
