/**
 * Swagger UI, made to fit: nothing is wider than a phone, and no failure is taller than what it says. What offers no
 * choice is left out: the column of links, which are none, and lists of one.
 */
export const DOCUMENTATION_STYLE = `
.swagger-ui .wrapper { box-sizing: border-box; padding: 0 16px; }
.swagger-ui .information-container .info { margin: 24px 0; }
.swagger-ui .scheme-container { display: none; }
.swagger-ui .renderedMarkdown pre { overflow-x: auto; padding: 12px; }
.swagger-ui .renderedMarkdown pre code { white-space: pre; font-weight: 400; }
.swagger-ui table.responses-table { table-layout: fixed; }
.swagger-ui .responses-table .response-col_status { width: 4em; padding-right: 8px; }
.swagger-ui .responses-table .response-col_links { display: none; }
.swagger-ui .responses-table .response-control-media-type:has(select > option:only-child) { display: none; }
.swagger-ui .responses-table .response-control-examples:has(select > option:only-child) { display: none; }
.swagger-ui .responses-table .microlight { max-height: 20em; overflow: auto; }
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]) .response-col_description__inner p { margin: 0; }
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]) .model-example .tab { display: none; }
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]) .model-example { margin-top: 4px; }
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]) .microlight { margin: 0; padding: 6px 10px; }
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]) .response-col_description { padding-bottom: 8px; }
.swagger-ui .response .headers-wrapper { padding: 4px 0; }
@media (max-width: 640px) {
  .swagger-ui .renderedMarkdown ol, .swagger-ui .renderedMarkdown ul { padding-left: 20px; }
  .swagger-ui .opblock .opblock-section-header { flex-wrap: wrap; gap: 8px; }
  .swagger-ui .opblock .opblock-section-header > label { margin: 0; }
  .swagger-ui .opblock-body :is(select, input, textarea) { min-width: 0; max-width: 100%; }
  .swagger-ui .opblock-body :is(pre, code) { overflow-wrap: anywhere; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; }
  .swagger-ui .opblock-tag small { flex-basis: 100%; padding: 4px 0; order: 1; }
}
`;
