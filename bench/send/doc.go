// Package send measures digests: planning for a million, and sending against
// smtp-source of Postfix at the same sink. Its tests are behind the build tag
// bench, print a table of ratios and fail only if something does not work:
//
//	make bench-send
package send
