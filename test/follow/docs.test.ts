import { testDocPrograms } from "../support/doc-programs.ts";

testDocPrograms("docs/change-feed.md");
