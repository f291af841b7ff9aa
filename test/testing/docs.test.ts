import { testDocPrograms } from "../support/doc-programs.ts";

testDocPrograms("docs/testing.md");
