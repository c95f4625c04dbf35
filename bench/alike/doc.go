// Package alike holds the two stores to each other: the same calls, drawn at
// random, get the same answers from either. It finds what no law of storetest
// says. HISTORIES draws more of them.
package alike
