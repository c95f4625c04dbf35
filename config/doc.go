// Package config is the format of the configuration file: the documented struct
// Config, its defaults, reading, checking and describing it.
//
// The sentence that documents a key is a tag on its field, so that the annotated
// file that Describe prints, docs/enshi.yaml and the code cannot disagree.
// Unknown keys are errors that name the nearest known one, and all problems of a
// file are reported together, each with its line.
//
// It imports no other package of ours and knows none of the parts: cmd gives
// each part its own options.
package config
