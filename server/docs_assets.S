/* The documentation page's style and script, as npm delivers them. */
	.section .rodata
	.global docs_style, docs_style_end, docs_script, docs_script_end
docs_style:
	.incbin "swagger-ui.css"
docs_style_end:
	.byte 0
docs_script:
	.incbin "swagger-ui-bundle.js"
docs_script_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
