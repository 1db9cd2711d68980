/* The documentation page's style and script, as npm delivers them, and their lengths. */
	.section .rodata
	.global docs_style, docs_style_length, docs_script, docs_script_length
	.balign 8
docs_style_length:
	.quad docs_script - docs_style
docs_script_length:
	.quad docs_end - docs_script
docs_style:
	.incbin "swagger-ui.css"
docs_script:
	.incbin "swagger-ui-bundle.js"
docs_end:
	.section .note.GNU-stack, "", @progbits
