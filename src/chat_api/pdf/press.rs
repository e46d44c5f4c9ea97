//! Where files are made: beside the threads that answer, one at a time.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;

use super::{Fonts, Paper, PdfError, write};

/// Makes files with the fonts of this machine.
pub struct Press {
    directories: Vec<PathBuf>,
    /// Looked for when the first file is wanted, and again as long as there are none.
    fonts: OnceCell<Arc<Fonts>>,
    turn: Arc<Semaphore>,
}

impl Press {
    /// With the fonts in these directories, or with the system's own where none are named.
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self {
            directories,
            fonts: OnceCell::new(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Makes a file.
    ///
    /// # Errors
    /// There is no font, or too much text.
    pub async fn print(&self, paper: Paper) -> Result<Vec<u8>, PdfError> {
        let turn = self.turn.clone().acquire_owned().await;
        let turn = turn.map_err(|_| PdfError::Fault)?;
        let finding = || async {
            let directories = self.directories.clone();
            let found = spawn_blocking(move || Fonts::find(&directories)).await;
            found.map_err(|_| PdfError::Fault)?.map(Arc::new)
        };
        let fonts = self.fonts.get_or_try_init(finding).await?.clone();
        let writing = spawn_blocking(move || {
            // Also where nobody waits for the file any more.
            let _turn = turn;
            write(&paper, &fonts)
        });
        writing.await.map_err(|_| PdfError::Fault)?
    }
}
