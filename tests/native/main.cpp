// doctest's own main: it prints the summary and returns 1 where anything failed.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
