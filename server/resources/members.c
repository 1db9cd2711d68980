/* members: the managers of the channel, on the vendor's side. The rules are in members.sql. */
#include "features/imports.h"
#include "operation.h"

OPERATION(listMembers) = {.sql = SQL(listMembers)};
OPERATION(getMember) = {.sql = SQL(getMember)};
OPERATION(createMember) = {.sql = SQL(createMember), .then = SQL(getMember)};
OPERATION(updateMember) = {.sql = SQL(updateMember), .then = SQL(getMember)};
OPERATION(deleteMember) = {.sql = SQL(deleteMember)};
OPERATION(importMembers) = {.stream = &import_stream,
	.import = &(const struct import_statements){
		"members", SQL(stageMembers), SQL(judgeMembers), SQL(postMembers)}};
