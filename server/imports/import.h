/* Bulk imports: a file of any size, streamed through validation into PostgreSQL. */
#pragma once

#include "contract/operation.h"

extern const struct body_stream import_stream;
