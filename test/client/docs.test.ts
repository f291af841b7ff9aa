import { testDocPrograms } from "../support/doc-programs.ts";

testDocPrograms("docs/client.md");
