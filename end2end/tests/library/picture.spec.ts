// Run by scripts/picture, which installs what joins the frames.

import { expect, type Page } from "@playwright/test";
import { statSync } from "node:fs";
import { live, listening, newPerson, signIn, signUp, userButton } from "./site";
import { test } from "./test";

const FILE = "../docs/picture.webp";
const MAX_BYTES = 1_000_000;
const LAPTOP = { width: 700, height: 440 };
const PHONE = { width: 330, height: 440 };
/** For screens with small pixels. */
const SCALE = 1.5;
const LAPTOP_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
const PHONE_USER_AGENT =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

interface Frame {
  caption: string;
  milliseconds: number;
  /** Where the mouse is, on the laptop. */
  pointer?: { x: number; y: number };
}

const address = (image: Buffer) => `data:image/png;base64,${image.toString("base64")}`;

/** Returns an image of both browsers, side by side. */
async function draw(canvas: Page, laptop: Page, phone: Page, { caption, pointer }: Frame) {
  const arrow = pointer
    ? `<svg style="left:${pointer.x}px;top:${pointer.y}px" width="20" height="26" viewBox="0 0 20 26">
         <path d="M1 1v19l5-5 4 9 3-1-4-9h7z" fill="#111" stroke="#fff" stroke-width="1.5"/>
       </svg>`
    : "";
  const screen = async (page: Page, name: string, extra = "") =>
    `<figure><figcaption>${name}</figcaption><div><img src="${address(await page.screenshot())}">${extra}</div></figure>`;
  await canvas.setContent(`
    <style>
      body { margin: 0; padding: 16px 20px; font: 16px system-ui, sans-serif; background: #e2e8f0; color: #1e293b; }
      main { display: flex; gap: 20px; }
      figure { margin: 0; border-radius: 10px; overflow: hidden; box-shadow: 0 2px 12px #0f172a40; background: #334155; }
      figcaption { padding: 6px 14px; font-size: 14px; color: #f1f5f9; }
      div { position: relative; }
      img { display: block; zoom: ${1 / SCALE}; }
      svg { position: absolute; }
      p { margin: 14px 0 0; text-align: center; font-size: 19px; font-weight: 600; }
    </style>
    <main>
      ${await screen(laptop, "Ada's laptop", arrow)}
      ${await screen(phone, "Ada's phone")}
    </main>
    <p>${caption}</p>`);
  return canvas.locator("body").screenshot();
}

test("the README's picture @picture", async ({ newContext }) => {
  test.skip(!process.env.PICTURE, "only scripts/picture takes it");
  const open = async (viewport: { width: number; height: number }, userAgent?: string) => {
    const context = await newContext({ viewport, userAgent, deviceScaleFactor: SCALE, colorScheme: "light", reducedMotion: "reduce" });
    return context.newPage();
  };
  const ada = { ...newPerson(), email: "ada@example.com" };
  const laptop = await open(LAPTOP, LAPTOP_USER_AGENT);
  await signUp(laptop, ada);
  const phone = await open(PHONE, PHONE_USER_AGENT);
  await signIn(phone, ada);
  await live(phone);
  await listening(phone);
  await laptop.goto("/account/sessions");
  await live(laptop);
  const button = laptop.getByRole("button", { name: "Sign out everywhere else" });

  const canvas = await open({ width: LAPTOP.width + PHONE.width + 60, height: 300 });
  const frames: Frame[] = [];
  const images: Buffer[] = [];
  const take = async (frame: Frame) => {
    frames.push(frame);
    images.push(await draw(canvas, laptop, phone, frame));
  };
  await take({ caption: "Ada is signed in on two devices.", milliseconds: 2_000 });
  await button.scrollIntoViewIfNeeded();
  await button.hover();
  const { x, y, width, height } = (await button.boundingBox())!;
  const pointer = { x: x + width / 2, y: y + height / 2 };
  await take({ caption: "She signs out everywhere else…", milliseconds: 1_800, pointer });
  await button.click();
  await expect(phone).toHaveURL(/\/sign-in/);
  await expect(userButton(phone)).toHaveCount(0);
  await expect(laptop.getByRole("listitem").filter({ hasText: "Android" })).toHaveCount(0);
  await take({ caption: "…and the phone shows it at once.", milliseconds: 3_500, pointer });

  const sharp = require(process.env.PICTURE!);
  await sharp(images, { join: { animated: true } })
    .webp({ quality: 85, effort: 6, loop: 0, delay: frames.map((frame) => frame.milliseconds) })
    .toFile(FILE);
  expect(statSync(FILE).size).toBeLessThan(MAX_BYTES);
});
