/* libyaml's <yaml.h>, which our header of that name hides. Include it as <libyaml.h>: only a header
 * that is found on the include path has a next one. */
#pragma once

#include_next <yaml.h>
