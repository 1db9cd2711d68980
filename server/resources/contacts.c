/* contacts: the people at a partner. The rules are in contacts.sql. */
#include "operation.h"

OPERATION(listContacts) = {.sql = SQL(listContacts)};
OPERATION(getContact) = {.sql = SQL(getContact)};
OPERATION(createContact) = {.sql = SQL(createContact), .then = SQL(getContact)};
OPERATION(updateContact) = {.sql = SQL(updateContact), .then = SQL(getContact)};
OPERATION(deleteContact) = {.sql = SQL(deleteContact)};
