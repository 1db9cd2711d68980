# The warnings that every target of ours is built with, and the sanitizers where they are asked for.
function(qudao_warnings target)
	target_compile_options(${target} PRIVATE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes
		-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
		-Wswitch-enum -Wconversion -Wno-sign-conversion
		-fno-common -fstack-protector-strong -D_FORTIFY_SOURCE=$<IF:$<CONFIG:Debug>,0,2>)
	if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
		target_compile_options(${target} PRIVATE -Wmissing-variable-declarations
			-Wno-gnu-zero-variadic-macro-arguments -Wno-initializer-overrides)
	endif()
	if(QUDAO_SANITIZE)
		target_compile_options(${target} PRIVATE -fsanitize=address,undefined
			-fno-sanitize-recover=undefined -fno-omit-frame-pointer)
		target_link_options(${target} PUBLIC -fsanitize=address,undefined)
	endif()
endfunction()
