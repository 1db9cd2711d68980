# weave runs at build: it reads the contract and all SQL, and writes C into the build tree, and the
# whole contract to openapi.yaml.
file(GLOB weave_sources CONFIGURE_DEPENDS tools/weave*.c)
add_executable(weave ${weave_sources})
target_link_libraries(weave PRIVATE qudao_lib PkgConfig::YAML)
qudao_warnings(weave)

# The contract's sources: what is common comes first.
file(GLOB rooms CONFIGURE_DEPENDS server/*/contract.yaml server/resources/*/contract.yaml)
list(SORT rooms)
file(GLOB woven_sql CONFIGURE_DEPENDS server/*/*.sql server/resources/*/*.sql
	migrations/*.sql migrations/routines/*.sql)
file(GLOB woven_languages CONFIGURE_DEPENDS languages/*.yaml)
list(SORT woven_sql)
set(woven_sources server/contract.yaml ${rooms} ${woven_languages} ${server_sources} ${woven_sql})
set(woven_dir ${CMAKE_BINARY_DIR}/woven)
file(MAKE_DIRECTORY ${woven_dir})
add_custom_command(OUTPUT ${woven_dir}/woven.gen.c ${woven_dir}/code.gen.c
		${woven_dir}/operations.gen.h ${woven_dir}/problems.gen.h ${woven_dir}/openapi.json
		${woven_dir}/derived.sql ${woven_dir}/status_moves.sql ${woven_dir}/sensitive.sql
	BYPRODUCTS ${CMAKE_SOURCE_DIR}/openapi.yaml
	COMMAND weave ${woven_dir} openapi.yaml ${woven_sources}
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
	DEPENDS weave ${woven_sources}
	VERBATIM)

set(docs_dir ${CMAKE_SOURCE_DIR}/node_modules/swagger-ui-dist)
if(NOT EXISTS ${docs_dir}/swagger-ui-bundle.js)
	message(FATAL_ERROR "The page of /docs comes from npm and is not there: run `npm ci --omit=dev` first. "
		"script/server and script/test do so by themselves, after script/setup.")
endif()
set_source_files_properties(server/resources/operations/swagger_ui.S PROPERTIES
	COMPILE_OPTIONS "-I${docs_dir}"
	OBJECT_DEPENDS "${docs_dir}/swagger-ui.css;${docs_dir}/swagger-ui-bundle.js")
add_library(qudao_woven STATIC ${woven_dir}/woven.gen.c server/resources/operations/swagger_ui.S)
target_include_directories(qudao_woven PUBLIC ${woven_dir} PRIVATE server)
target_link_libraries(qudao_woven PUBLIC qudao_lib)
