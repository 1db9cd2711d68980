/* token-subjects: who comes with an access token. The rules are in token_subjects.sql. */
#include "operation.h"

OPERATION(listTokenSubjects) = {.sql = SQL(listTokenSubjects)};
OPERATION(getTokenSubject) = {.sql = SQL(getTokenSubject)};
OPERATION(updateTokenSubject) = {.sql = SQL(updateTokenSubject), .then = SQL(getTokenSubject)};
