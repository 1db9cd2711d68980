/* What writes the exports that were asked for: takes one at a time, reads the list as its own
 * request in the name of the key that asked, and stores the file in pieces. Whoever works on an
 * export says so every few seconds; one that falls silent is begun again by another, and what the
 * first still writes is refused, so that there are never two results. */
#pragma once

#include "service.h"

struct exporter;

/* Makes it; it connects when it is first ticked. NULL when memory is exhausted. */
struct exporter *exporter_new(struct service *service);
void exporter_free(struct exporter *exporter);

/* Connects, reconnects, and takes what waits; to be called every 100 ms or so. While the service is
 * stopping, it gives back what it works on. */
void exporter_tick(struct exporter *exporter);

/* True while it has an export. */
bool exporter_is_busy(const struct exporter *exporter);
