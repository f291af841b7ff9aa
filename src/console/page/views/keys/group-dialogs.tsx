/** What can be done with a group of a stream, asked before it is done. */

import { Confirm } from "../../components/confirm.tsx";
import { FormDialog } from "../../components/form-dialog.tsx";
import { count, duration, readable } from "../../format.ts";
import { numberOf } from "../../reply.ts";
import type { Reply, Word } from "../../resp.ts";
import { OctetsField, octetsFrom } from "./elements.tsx";
import type { ShownKey } from "./shown-key.ts";

export type GroupQuestion =
  | { readonly what: "create" }
  | { readonly what: "position"; readonly group: Uint8Array; readonly at: string }
  | { readonly what: "consumer"; readonly group: Uint8Array }
  | { readonly what: "destroy"; readonly group: Uint8Array; readonly pending: number }
  | { readonly what: "remove consumer"; readonly group: Uint8Array; readonly consumer: Uint8Array; readonly pending: number }
  | { readonly what: "acknowledge"; readonly group: Uint8Array; readonly id: string }
  | { readonly what: "claim"; readonly group: Uint8Array; readonly id: string; readonly idle: number; readonly consumer: Uint8Array };

interface GroupDialogProps {
  readonly shown: ShownKey;
  readonly question: GroupQuestion;
  readonly close: () => void;
}

export function GroupDialog({ shown, question, close }: GroupDialogProps) {
  const send = async (...words: readonly Word[]): Promise<Reply> => {
    try {
      return await shown.link.callForBytes(...words);
    } finally {
      shown.turn.value++;
    }
  };
  const key = shown.name;
  switch (question.what) {
    case "create": {
      const submit = async (form: FormData): Promise<boolean> => {
        await send("XGROUP", "CREATE", key, octetsFrom(form, "group"), String(form.get("from")).trim());
        return true;
      };
      return (
        <FormDialog title="Create a group" action="Create" submit={submit} close={close}>
          <OctetsField label="Group" name="group" isRequired />
          <Position label="It reads entries after this ID ($: those to come, 0: all)" value="$" />
        </FormDialog>
      );
    }
    case "position": {
      const submit = async (form: FormData): Promise<boolean> => {
        await send("XGROUP", "SETID", key, question.group, String(form.get("from")).trim());
        return true;
      };
      return (
        <FormDialog title={`Where ${readable(question.group)} reads on`} action="Set" submit={submit} close={close}>
          <Position label="The last delivered ID ($: the newest, 0: none was)" value={question.at} />
          <p>Entries after it are delivered, again if they were before; those up to it are not any more. Pending entries stay.</p>
        </FormDialog>
      );
    }
    case "consumer": {
      const submit = async (form: FormData): Promise<boolean> => {
        if ((await send("XGROUP", "CREATECONSUMER", key, question.group, octetsFrom(form, "consumer"))) === 0)
          throw new Error("The group has such a consumer already.");
        return true;
      };
      return (
        <FormDialog title={`New consumer of ${readable(question.group)}`} action="Create" submit={submit} close={close}>
          <OctetsField label="Consumer" name="consumer" isRequired />
        </FormDialog>
      );
    }
    case "destroy": {
      const submit = async (): Promise<boolean> => (await send("XGROUP", "DESTROY", key, question.group)) !== null;
      return (
        <Confirm title={`Destroy the group ${readable(question.group)}?`} action="Destroy" isDangerous act={submit} close={close}>
          <p>
            Its consumers, its position and its {count(question.pending)} pending entries are forgotten. The entries of the stream stay.
          </p>
        </Confirm>
      );
    }
    case "remove consumer": {
      const submit = async (): Promise<boolean> => (await send("XGROUP", "DELCONSUMER", key, question.group, question.consumer)) !== null;
      return (
        <Confirm title={`Delete the consumer ${readable(question.consumer)}?`} action="Delete" isDangerous act={submit} close={close}>
          <p>
            {question.pending === 0
              ? "It has no pending entries."
              : `Its ${count(question.pending)} pending entries can neither be acknowledged nor claimed after it. Claim them first if they matter.`}
          </p>
        </Confirm>
      );
    }
    case "acknowledge": {
      const submit = async (): Promise<boolean> => {
        if ((await send("XACK", key, question.group, question.id)) === 0) throw new Error("It was acknowledged already.");
        return true;
      };
      return (
        <Confirm title={`Acknowledge ${question.id}?`} action="Acknowledge" act={submit} close={close}>
          <p>{readable(question.group)} counts it as done: no consumer gets it again.</p>
        </Confirm>
      );
    }
    default: {
      const submit = async (form: FormData): Promise<boolean> => {
        const consumer = octetsFrom(form, "consumer");
        // Delivered again meanwhile, it is younger, and stays where it is.
        const claimed = await send("XCLAIM", key, question.group, consumer, question.idle, question.id, "JUSTID");
        if (!Array.isArray(claimed) || claimed.length === 0)
          throw new Error("It was delivered again or acknowledged meanwhile, and stays as it is.");
        return true;
      };
      return (
        <FormDialog title={`Claim ${question.id}`} action="Claim" submit={submit} close={close}>
          <p>
            It is {readable(question.consumer)}'s, delivered {duration(numberOf(question.idle) / 1000)} ago.
          </p>
          <OctetsField label="For the consumer" name="consumer" isRequired />
        </FormDialog>
      );
    }
  }
}

function Position({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input name="from" class="mono" defaultValue={value} autocomplete="off" required />
    </label>
  );
}
